locals {
  name     = "${var.project}-${var.environment}"
  programs = toset(["waiting-room", "checkout", "fulfilment"])
  source   = "${path.module}/../.."

  # KMS keys by region.
  keys         = merge({ (var.primary_region) = module.primary.key_arn }, local.standby_keys)
  standby_keys = var.enable_failover ? { (var.secondary_region) = module.secondary[0].key_arn } : {}

  limits = { checkout_p95_seconds = 0.5, oldest_order_seconds = 30 }
}

module "database" {
  source = "../modules/database"

  name           = local.name
  region         = var.primary_region
  replica_region = var.enable_failover ? var.secondary_region : ""
  witness_region = var.witness_region
  keys           = local.keys
  events         = local.events
  warm_units     = { read = var.warm.table_reads, write = var.warm.table_writes }
  protect        = var.protect
}

module "secrets" {
  source = "../modules/secrets"

  name                 = local.name
  region               = var.primary_region
  key_arn              = module.primary.key_arn
  replicas             = local.standby_keys
  recovery_window_days = var.protect ? 30 : 0
}

module "images" {
  source = "../modules/images"

  name               = local.name
  region             = var.primary_region
  keys               = local.keys
  services           = local.programs
  source_dir         = local.source
  architecture       = var.architecture
  log_retention_days = var.log_retention_days
}

# What both regions are given alike.
locals {
  shared = {
    settings = {
      prefix = var.settings_prefix
      events = { for id, event in local.events : id => {
        admission_rate_per_minute = event.admission_rate_per_minute
        max_active_sessions       = event.max_active_sessions
      } }
    }
    revision = sha256(jsonencode(local.events))
    on_sales = { for id, window in local.windows.waiting_room : id => { from = window.from, until = window.until } }
  }

  # The standby region's services are warm, but settle no orders: fulfilment starts with the failover.
  standby_services = {
    for name, service in local.services : name => merge(service, {
      minimum = name == "fulfilment" ? 0 : 1
      maximum = max(service.maximum, local.active_tasks[name])
      windows = {}
    })
  }

  # What a region needs when it takes over, in the middle of an on-sale as well.
  active_tasks = {
    for name, service in local.services : name => max(service.minimum, [for window in service.windows : window.minimum]...)
  }
}

module "primary" {
  source = "../modules/regional_stack"

  name          = local.name
  region        = var.primary_region
  peer_region   = var.enable_failover ? var.secondary_region : ""
  has_peer      = var.enable_failover
  services      = local.services
  limits        = local.limits
  cache         = var.cache
  alarm_emails  = var.alarm_emails
  settings      = local.shared.settings
  revision      = local.shared.revision
  otlp_endpoint = var.otlp_endpoint

  network = {
    cidr_block    = var.network.cidr_blocks[0]
    zone_ids      = lookup(var.network.zone_ids, var.primary_region, [])
    in_every_zone = var.network.in_every_zone
  }
  load_balancer = {
    certificate_arn        = lookup(var.domain.origin_certificate_arns, var.primary_region, "")
    server_name            = var.domain.name
    on_sale_capacity_units = var.warm.load_balancer_units
    windows                = local.shared.on_sales
  }
  tables = {
    orders = { name = module.database.orders.name, arn = module.database.orders.arns[var.primary_region] }
    audit  = { name = module.database.audit.name, arn = module.database.audit.arns[var.primary_region] }
    events = { name = module.database.events.name, arn = module.database.events.arns[var.primary_region] }
  }
  secrets = {
    keys     = module.secrets.keys[var.primary_region]
    operator = module.secrets.operator[var.primary_region]
    viewer   = module.secrets.viewer[var.primary_region]
  }
  images = {
    uris            = module.images.images[var.primary_region]
    repository_arns = module.images.repository_arns[var.primary_region]
    architecture    = var.architecture
  }

  site_url           = module.frontend.url
  use_spot           = var.use_spot
  start_after        = ""
  protect            = var.protect
  log_retention_days = var.log_retention_days
}

module "secondary" {
  source = "../modules/regional_stack"
  count  = var.enable_failover ? 1 : 0

  name          = local.name
  region        = var.secondary_region
  peer_region   = var.primary_region
  has_peer      = true
  services      = local.standby_services
  limits        = local.limits
  cache         = var.cache
  alarm_emails  = var.alarm_emails
  settings      = local.shared.settings
  revision      = local.shared.revision
  otlp_endpoint = var.otlp_endpoint

  network = {
    cidr_block    = var.network.cidr_blocks[1]
    zone_ids      = lookup(var.network.zone_ids, var.secondary_region, [])
    in_every_zone = var.network.in_every_zone
  }
  load_balancer = {
    certificate_arn        = lookup(var.domain.origin_certificate_arns, var.secondary_region, "")
    server_name            = var.domain.name
    on_sale_capacity_units = var.warm.standby_load_balancer_units
    windows                = local.shared.on_sales
  }
  tables = {
    orders = { name = module.database.orders.name, arn = module.database.orders.arns[var.secondary_region] }
    audit  = { name = module.database.audit.name, arn = module.database.audit.arns[var.secondary_region] }
    events = { name = module.database.events.name, arn = module.database.events.arns[var.secondary_region] }
  }
  secrets = {
    keys     = module.secrets.keys[var.secondary_region]
    operator = module.secrets.operator[var.secondary_region]
    viewer   = module.secrets.viewer[var.secondary_region]
  }
  images = {
    uris            = module.images.images[var.secondary_region]
    repository_arns = module.images.repository_arns[var.secondary_region]
    architecture    = var.architecture
  }

  # Its copy of the keys can't be written, so they have to be there: the primary's first waiting room makes them.
  start_after        = module.primary.waiting_room_service
  site_url           = module.frontend.url
  use_spot           = var.use_spot
  protect            = var.protect
  log_retention_days = var.log_retention_days
}

module "waf" {
  source = "../modules/waf"
  count  = var.enable_waf ? 1 : 0

  name                      = local.name
  requests_per_five_minutes = var.rate_limits.requests_per_five_minutes
  joins_per_five_minutes    = var.rate_limits.joins_per_five_minutes
  sign_ins_per_five_minutes = var.rate_limits.sign_ins_per_five_minutes
  log_retention_days        = var.log_retention_days
}

module "frontend" {
  source = "../modules/frontend"

  name              = local.name
  region            = var.primary_region
  has_second_region = var.enable_failover
  site_dir          = "${local.source}/cdn-site"
  price_class       = var.price_class
  web_acl_arn       = var.enable_waf ? module.waf[0].arn : ""

  load_balancers = merge(
    { (var.primary_region) = module.primary.load_balancer },
    var.enable_failover ? { (var.secondary_region) = module.secondary[0].load_balancer } : {},
  )
  domain = {
    name            = var.domain.name
    certificate_arn = var.domain.certificate_arn
    zone_id         = var.domain.zone_id
  }
}
