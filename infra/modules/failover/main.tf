# The button of one region: pressed here, this region takes over. README.md of infra says what the services do with the item
# that it writes.

data "aws_caller_identity" "current" {}

locals {
  control = { pk = { S = "control#region" } }

  # Only the control item of the table.
  control_only = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["control#region"] } }
}

module "switch" {
  source = "../function"

  name               = "${var.name}-switch"
  description        = "Tells CloudFront which region is active"
  region             = var.region
  source_file        = "${path.module}/switch.mjs"
  timeout_seconds    = 20
  log_key_arn        = var.key_arn
  log_retention_days = var.log_retention_days
  environment        = { STORE = var.key_value_store_arn }

  statements = [{
    Effect   = "Allow"
    Action   = ["cloudfront-keyvaluestore:DescribeKeyValueStore", "cloudfront-keyvaluestore:PutKey"]
    Resource = [var.key_value_store_arn]
  }]
}

resource "aws_ssm_document" "this" {
  region          = var.region
  name            = "${var.name}-failover"
  document_type   = "Automation"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "0.3"
    description   = "Makes ${var.region} the active region of ${var.name}"
    assumeRole    = module.role.arn
    parameters = {
      Reason = { type = "String", description = "Why; approvers read it", default = "The other region does not answer" }
    }
    mainSteps = concat(local.decide, local.prepare, local.go)
  })
}

locals {
  # A step that goes on when the canary sees all of `expect`.
  look = {
    action         = "aws:invokeLambdaFunction"
    maxAttempts    = 6
    timeoutSeconds = 30
    onFailure      = "Abort"
  }

  decide = [
    {
      name           = "Approve"
      action         = "aws:approve"
      timeoutSeconds = 900
      onFailure      = "Abort"
      inputs = {
        NotificationArn      = var.alarm_topic_arn
        Message              = "Make ${var.region} the active region of ${var.name}? {{ Reason }}"
        MinRequiredApprovals = 1
        Approvers            = var.approvers
      }
    },
    # Before anything is changed: a fence for a region that is not there would close both.
    merge(local.look, {
      name   = "RegionIsThere"
      inputs = { FunctionName = var.canary.name, Payload = jsonencode({ expect = ["RegionReady"] }) }
    }),
    {
      name   = "ReadControl"
      action = "aws:executeAwsApi"
      inputs = {
        Service        = "dynamodb"
        Api            = "GetItem"
        TableName      = var.orders_table.name
        Key            = local.control
        ConsistentRead = true
      }
      outputs = [{ Name = "Epoch", Selector = "$.Item.epoch.N", Type = "String" }]
    },
    # From here on the other region admits nobody: it sees the item, or it can't read it.
    {
      name   = "Fence"
      action = "aws:executeAwsApi"
      inputs = {
        Service             = "dynamodb"
        Api                 = "UpdateItem"
        TableName           = var.orders_table.name
        Key                 = local.control
        UpdateExpression    = "SET active = :region, epoch = epoch + :one, admission_percent = :none"
        ConditionExpression = "epoch = :epoch"
        ExpressionAttributeValues = {
          ":region" = { S = var.region }
          ":epoch"  = { N = "{{ ReadControl.Epoch }}" }
          ":one"    = { N = "1" }
          ":none"   = { N = "0" }
        }
        ReturnValues = "ALL_NEW"
      }
      outputs = [{ Name = "Epoch", Selector = "$.Attributes.epoch.N", Type = "String" }]
    },
  ]

  # Raising fulfilment from none also starts the sweeper, which puts the pending orders of the lost region on this one's queue.
  prepare = concat(
    [
      for service in ["waiting_room", "checkout", "fulfilment"] : {
        name   = "Raise${join("", [for word in split("_", service) : title(word)])}"
        action = "aws:executeAwsApi"
        inputs = {
          Service           = "application-autoscaling"
          Api               = "RegisterScalableTarget"
          ServiceNamespace  = "ecs"
          ScalableDimension = "ecs:service:DesiredCount"
          ResourceId        = var.services[service].scaling.resource_id
          MinCapacity       = var.services[service].minimum
        }
      }
    ],
    [merge(local.look, {
      name   = "RegionAnswers"
      inputs = { FunctionName = var.canary.name, Payload = jsonencode({ expect = ["RegionReady"] }) }
    })],
  )

  go = concat(
    [
      {
        name           = "SendFansHere"
        action         = "aws:invokeLambdaFunction"
        maxAttempts    = 3
        timeoutSeconds = 30
        inputs         = { FunctionName = module.switch.name, Payload = jsonencode({ region = var.region }) }
      },
      merge(local.look, {
        name   = "SiteAnswers"
        inputs = { FunctionName = var.canary.name, Payload = jsonencode({ expect = ["SiteUp", "RegionReady"] }) }
      }),
      # A process of the other region that can't read the fence admits until its last reading is too old.
      { name = "HandOver", action = "aws:sleep", inputs = { Duration = "PT32S" } },
    ],
    flatten([
      for percent in [25, 50, 100] : [
        for step in [
          {
            name   = "Admit${percent}Percent"
            action = "aws:executeAwsApi"
            inputs = {
              Service             = "dynamodb"
              Api                 = "UpdateItem"
              TableName           = var.orders_table.name
              Key                 = local.control
              UpdateExpression    = "SET admission_percent = :percent"
              ConditionExpression = "active = :region AND epoch = :epoch"
              ExpressionAttributeValues = {
                ":region"  = { S = var.region }
                ":epoch"   = { N = "{{ Fence.Epoch }}" }
                ":percent" = { N = tostring(percent) }
              }
            }
          },
          { name = "WaitAfter${percent}Percent", action = "aws:sleep", inputs = { Duration = "PT30S" } },
        ] : step if percent < 100 || step.action != "aws:sleep"
      ]
    ]),
  )
}

module "role" {
  source = "../role"

  name    = "${var.name}-${var.region}-failover"
  service = "ssm.amazonaws.com"
  statements = [
    {
      Effect    = "Allow"
      Action    = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      Resource  = [var.orders_table.arn]
      Condition = local.control_only
    },
    {
      Effect   = "Allow"
      Action   = ["application-autoscaling:RegisterScalableTarget"]
      Resource = [for service in var.services : service.scaling.arn]
    },
    # Application Auto Scaling looks at a service, and changes it, with the rights of who registers it.
    { Effect = "Allow", Action = ["ecs:DescribeServices", "ecs:UpdateService"], Resource = [for service in var.services : service.arn] },
    { Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [module.switch.arn, var.canary.arn] },
    { Effect = "Allow", Action = ["sns:Publish"], Resource = [var.alarm_topic_arn] },
    {
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [var.key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "sns.${var.region}.amazonaws.com" } }
    },
  ]
}
