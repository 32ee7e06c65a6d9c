# Everything that one region has. It is composed once a region.

locals {
  # Retyping a secret's name within its recovery window fails, so only what is protected has one.
  recovery_window_days = var.protect ? 30 : 0

  # The port of an address that names none is HTTP's, or HTTPS's.
  otlp = var.otlp_endpoint == "" ? [] : [{
    cidr_block = var.network.cidr_block
    port = tonumber(coalesce(
      one(regex("^https?://[^/:]+(?::([0-9]+))?", var.otlp_endpoint)),
      startswith(var.otlp_endpoint, "https:") ? "443" : "80",
    ))
  }]
}

module "key" {
  source = "../key"

  name   = "${var.name}-${var.region}"
  region = var.region
}

module "network" {
  source = "../network"

  name               = var.name
  region             = var.region
  cidr_block         = var.network.cidr_block
  zone_ids           = var.network.zone_ids
  nat_per_zone       = var.network.in_every_zone
  otlp_ports         = [for collector in local.otlp : collector.port]
  log_key_arn        = module.key.arn
  log_retention_days = var.log_retention_days
}

module "security" {
  source = "../security"

  name          = var.name
  region        = var.region
  vpc_id        = module.network.vpc_id
  listener_port = var.load_balancer.certificate_arn == "" ? 80 : 443
  otlp          = local.otlp
}

module "endpoints" {
  source = "../endpoints"

  name              = var.name
  region            = var.region
  vpc_id            = module.network.vpc_id
  subnet_ids        = slice(module.network.subnet_ids.services, 0, var.network.in_every_zone ? 3 : 1)
  route_table_ids   = module.network.private_route_table_ids
  security_group_id = module.security.group_ids.endpoints
  table_arns        = [for table in var.tables : table.arn]
}

module "load_balancer" {
  source = "../load_balancer"

  name                   = var.name
  region                 = var.region
  vpc_id                 = module.network.vpc_id
  subnet_ids             = module.network.subnet_ids.entry
  security_group_id      = module.security.group_ids.alb
  certificate_arn        = var.load_balancer.certificate_arn
  on_sale_capacity_units = var.load_balancer.on_sale_capacity_units
  windows                = var.load_balancer.windows
  protect                = var.protect
}

module "cluster" {
  source = "../cluster"

  name     = var.name
  region   = var.region
  use_spot = var.use_spot
}

module "cache" {
  source = "../cache"

  name                 = var.name
  region               = var.region
  subnet_ids           = module.network.subnet_ids.data
  security_group_id    = module.security.group_ids.cache
  node_type            = var.cache.node_type
  replicas             = var.cache.replicas
  key_arn              = module.key.arn
  recovery_window_days = local.recovery_window_days
  log_retention_days   = var.log_retention_days
}

module "queues" {
  source = "../queues"

  name   = var.name
  region = var.region
}

module "settings" {
  source = "../settings"

  region = var.region
  prefix = var.settings.prefix
  events = var.settings.events
}

module "iam" {
  source = "../iam"

  name            = var.name
  region          = var.region
  settings_prefix = module.settings.prefix
  key_arn         = module.key.arn
  repository_arns = var.images.repository_arns

  tables = { for name, table in var.tables : name => table.arn }
  queues = { for name, queue in module.queues.queues : name => queue.arn }
  secrets = {
    keys        = var.secrets.keys
    operator    = var.secrets.operator
    viewer      = var.secrets.viewer
    queue_store = module.cache.url_secret_arn
  }
}

module "operator_api" {
  source = "../operator_api"

  name               = var.name
  region             = var.region
  subnet_ids         = module.network.subnet_ids.entry
  security_group_id  = module.security.group_ids.vpc_link
  log_key_arn        = module.key.arn
  log_retention_days = var.log_retention_days

  listener = {
    arn         = module.load_balancer.listener_arn
    server_name = var.load_balancer.certificate_arn == "" ? "" : var.load_balancer.server_name
  }
}

module "canary" {
  source = "../canary"

  name               = var.name
  region             = var.region
  has_peer           = var.has_peer
  peer_region        = var.peer_region
  site_url           = var.site_url
  operator_api       = { url = module.operator_api.url, ready_arn = module.operator_api.ready_arn }
  orders_table       = var.tables.orders
  log_key_arn        = module.key.arn
  log_retention_days = var.log_retention_days
}

module "observability" {
  source = "../observability"

  name             = var.name
  region           = var.region
  alarm_emails     = var.alarm_emails
  key_arn          = module.key.arn
  cluster_name     = module.cluster.name
  cache_nodes      = module.cache.cluster_ids
  queues           = { for key, queue in module.queues.queues : key => queue.name }
  tables           = { for key, table in var.tables : key => table.name }
  operator_api_id  = module.operator_api.id
  canary_namespace = module.canary.namespace
  has_peer         = var.has_peer
  limits           = var.limits

  load_balancer = {
    suffix        = module.load_balancer.arn_suffix
    target_groups = { for name, group in module.load_balancer.target_groups : name => group.arn_suffix }
  }
  services = {
    waiting_room = { name = module.waiting_room.name, log_group = module.waiting_room.log_group }
    checkout     = { name = module.checkout.name, log_group = module.checkout.log_group }
    fulfilment   = { name = module.fulfilment.name, log_group = module.fulfilment.log_group }
  }
}
