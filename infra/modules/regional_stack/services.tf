locals {
  cluster = {
    arn               = module.cluster.arn
    name              = module.cluster.name
    capacity_provider = module.cluster.capacity_provider
  }

  # Every program's, by the names that its --help tells; infra/tests/test_environment.py compares.
  shop_environment = merge({
    AWS_REGION                            = var.region
    WAITING_ROOM_LISTEN                   = "0.0.0.0:8080"
    WAITING_ROOM_LOG_FORMAT               = "json"
    RUST_LOG                              = "info"
    WAITING_ROOM_CATALOGUE_TABLE          = var.tables.events.name
    WAITING_ROOM_ORDERS_TABLE             = var.tables.orders.name
    WAITING_ROOM_ORDER_QUEUE_URL          = module.queues.queues.orders.url
    WAITING_ROOM_DEAD_LETTER_QUEUE_URL    = module.queues.queues.dead_letters.url
    WAITING_ROOM_ENDED_SESSIONS_QUEUE_URL = module.queues.queues.ended_sessions.url
  }, var.otlp_endpoint == "" ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT = var.otlp_endpoint })

  # Of those that operators call.
  operated_environment = {
    WAITING_ROOM_AUDIT_TABLE = var.tables.audit.name
    # CloudFront and the load balancer: wrong credentials are counted by the address that the first of them saw.
    WAITING_ROOM_TRUSTED_PROXIES = "2"
  }
  operated_secrets = {
    WAITING_ROOM_OPERATOR_CREDENTIAL = var.secrets.operator
    WAITING_ROOM_VIEWER_CREDENTIAL   = var.secrets.viewer
  }
}

# Services read events, keys and settings when they start.
resource "terraform_data" "ready" {
  input = sha256(join(" ", [var.start_after, var.revision]))

  depends_on = [module.settings, module.endpoints]
}

module "waiting_room" {
  source = "../service"

  name               = "waiting-room"
  prefix             = var.name
  region             = var.region
  cluster            = local.cluster
  image              = var.images.uris["waiting-room"]
  architecture       = var.images.architecture
  size               = { cpu = var.services.waiting_room.cpu, memory = var.services.waiting_room.memory }
  tasks              = { minimum = var.services.waiting_room.minimum, maximum = var.services.waiting_room.maximum }
  windows            = var.services.waiting_room.windows
  revision           = terraform_data.ready.output
  roles              = module.iam.roles["waiting-room"]
  subnet_ids         = module.network.subnet_ids.services
  security_group_id  = module.security.group_ids.waiting_room
  is_called          = true
  target_group_arn   = module.load_balancer.target_groups.waiting_room.arn
  log_key_arn        = module.key.arn
  log_retention_days = var.log_retention_days
  wait_until_steady  = true

  environment = merge(local.shop_environment, local.operated_environment, {
    WAITING_ROOM_KEYS_SECRET     = var.secrets.keys
    WAITING_ROOM_SETTINGS_PREFIX = module.settings.prefix
  })
  secrets = merge(local.operated_secrets, { WAITING_ROOM_REDIS_URL = module.cache.url_secret_arn })

  # Its work waits on others, so requests tell of load before the CPU does.
  tracking = {
    metric         = "requests"
    target         = var.services.waiting_room.target
    resource_label = "${module.load_balancer.arn_suffix}/${module.load_balancer.target_groups.waiting_room.arn_suffix}"
  }
}

module "checkout" {
  source = "../service"

  name               = "checkout"
  prefix             = var.name
  region             = var.region
  cluster            = local.cluster
  image              = var.images.uris["checkout"]
  architecture       = var.images.architecture
  size               = { cpu = var.services.checkout.cpu, memory = var.services.checkout.memory }
  tasks              = { minimum = var.services.checkout.minimum, maximum = var.services.checkout.maximum }
  windows            = var.services.checkout.windows
  revision           = terraform_data.ready.output
  roles              = module.iam.roles["checkout"]
  subnet_ids         = module.network.subnet_ids.egress
  security_group_id  = module.security.group_ids.checkout
  is_called          = true
  target_group_arn   = module.load_balancer.target_groups.checkout.arn
  log_key_arn        = module.key.arn
  log_retention_days = var.log_retention_days
  wait_until_steady  = false

  environment = merge(local.shop_environment, local.operated_environment, {
    WAITING_ROOM_JWKS_URL = "${var.site_url}/.well-known/jwks.json"
  })
  secrets = local.operated_secrets

  # Its work is signatures and JSON, and admission bounds what comes in: the CPU is what runs out. The step is for what the CPU
  # does not show: waiting on a slow table.
  tracking = {
    metric = "cpu"
    target = var.services.checkout.target
  }
  step = [{
    namespace   = "AWS/ApplicationELB"
    metric      = "TargetResponseTime"
    statistic   = "p95"
    threshold   = var.limits.checkout_p95_seconds
    minutes     = 3
    add_percent = 50
    dimensions = {
      LoadBalancer = module.load_balancer.arn_suffix
      TargetGroup  = module.load_balancer.target_groups.checkout.arn_suffix
    }
  }]
}

module "fulfilment" {
  source = "../service"

  name               = "fulfilment"
  prefix             = var.name
  region             = var.region
  cluster            = local.cluster
  image              = var.images.uris["fulfilment"]
  architecture       = var.images.architecture
  size               = { cpu = var.services.fulfilment.cpu, memory = var.services.fulfilment.memory }
  tasks              = { minimum = var.services.fulfilment.minimum, maximum = var.services.fulfilment.maximum }
  windows            = var.services.fulfilment.windows
  revision           = terraform_data.ready.output
  roles              = module.iam.roles["fulfilment"]
  subnet_ids         = module.network.subnet_ids.services
  security_group_id  = module.security.group_ids.fulfilment
  is_called          = false
  target_group_arn   = ""
  log_key_arn        = module.key.arn
  log_retention_days = var.log_retention_days
  wait_until_steady  = false
  environment        = local.shop_environment

  # What matters is how long an order waits: the backlog over what one task settles. The step is for orders that wait though the
  # backlog is small.
  tracking = {
    metric     = "backlog"
    target     = var.services.fulfilment.target
    queue_name = module.queues.queues.orders.name
  }
  step = [{
    namespace   = "AWS/SQS"
    metric      = "ApproximateAgeOfOldestMessage"
    statistic   = "Maximum"
    threshold   = var.limits.oldest_order_seconds
    minutes     = 1
    add_percent = 100
    dimensions  = { QueueName = module.queues.queues.orders.name }
  }]
}
