locals {
  # The image has a shell but no HTTP client.
  probe = join("; ", [
    "exec 3<>/dev/tcp/127.0.0.1/8080",
    "printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3",
    "read -r _ status _ <&3",
    "[ \"$status\" = 200 ]",
  ])
}

resource "aws_cloudwatch_log_group" "this" {
  region            = var.region
  name              = "/${var.prefix}/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_ecs_task_definition" "this" {
  region                   = var.region
  family                   = "${var.prefix}-${var.name}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  task_role_arn            = var.roles.task
  execution_role_arn       = var.roles.execution

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([{
    name                   = var.name
    image                  = var.image
    essential              = true
    user                   = "10001"
    readonlyRootFilesystem = true
    stopTimeout            = 30

    environment  = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
    secrets      = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    dockerLabels = { revision = var.revision }

    portMappings = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
    ulimits      = [{ name = "nofile", softLimit = 65535, hardLimit = 65535 }]

    # Room for a stampede of connections that are not accepted yet, as many as the program asks for.
    systemControls = [{ namespace = "net.core.somaxconn", value = "16384" }]

    linuxParameters = { initProcessEnabled = false, capabilities = { drop = ["ALL"] } }

    healthCheck = {
      command     = ["CMD", "/bin/bash", "-c", local.probe]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }

    # A log that can't be written must not stop fans: what does not fit into the buffer is lost.
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = var.name
        mode                  = "non-blocking"
        max-buffer-size       = "25m"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  region                        = var.region
  name                          = var.name
  cluster                       = var.cluster.arn
  task_definition               = aws_ecs_task_definition.this.arn
  desired_count                 = var.tasks.minimum
  availability_zone_rebalancing = "ENABLED"
  propagate_tags                = "SERVICE"
  enable_ecs_managed_tags       = true
  enable_execute_command        = false
  wait_for_steady_state         = var.wait_until_steady

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = var.is_called ? 60 : null

  capacity_provider_strategy {
    capacity_provider = var.cluster.capacity_provider
    weight            = 1
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = var.is_called ? [var.target_group_arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = var.name
      container_port   = 8080
    }
  }

  lifecycle {
    # The number of tasks belongs to the scaling.
    ignore_changes = [desired_count]
  }
}
