# One button in each region: pressed in the one that is to take over.

locals {
  stacks = merge(
    { primary = module.primary },
    var.enable_failover ? { secondary = module.secondary[0] } : {},
  )
  buttons = var.enable_failover ? {
    primary   = { region = var.primary_region, peer = var.secondary_region }
    secondary = { region = var.secondary_region, peer = var.primary_region }
  } : {}
}

module "failover" {
  source   = "../modules/failover"
  for_each = local.buttons

  name                = local.name
  region              = each.value.region
  peer_region         = each.value.peer
  settings_prefix     = var.settings_prefix
  key_value_store_arn = module.frontend.key_value_store_arn
  canary              = local.stacks[each.key].canary
  alarm_topic_arn     = local.stacks[each.key].alarm_topic_arn
  approvers           = var.failover_approvers
  key_arn             = local.stacks[each.key].key_arn
  log_retention_days  = var.log_retention_days

  orders_table = {
    name = module.database.orders.name
    arn  = module.database.orders.arns[each.value.region]
  }
  services = {
    for name, service in local.stacks[each.key].services : name => merge(service, { minimum = local.active_tasks[name] })
  }
}

# Three Regions of one of these sets can hold a table with multi-Region strong consistency.
locals {
  consistent_regions = [
    ["us-east-1", "us-east-2", "us-west-2"],
    ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
    ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
  ]
  three_regions = distinct([var.primary_region, var.secondary_region, var.witness_region])
}

resource "terraform_data" "regions" {
  input = local.three_regions

  lifecycle {
    precondition {
      condition     = !var.enable_failover || length(local.three_regions) == 3
      error_message = "primary_region, secondary_region and witness_region are three different regions."
    }

    precondition {
      condition = !var.enable_failover || anytrue([
        for set in local.consistent_regions : length(setsubtract(local.three_regions, set)) == 0
      ])
      error_message = "DynamoDB keeps a strongly consistent table in three regions of the USA, of Europe or of Asia Pacific: see consistent_regions."
    }
  }
}
