# The images are built in the account, by CodeBuild: who applies needs neither Docker nor a machine of the right architecture.
# A tag is the hash of the sources and never moves, so the same sources are built once and a task definition says what runs.
#
# One build pushes to every region. ECR's own replication belongs to the whole account, and is not done when an apply goes on.

locals {
  # What the Dockerfile copies, and nothing that only tests or a developer's machine have.
  sources = sort(concat(
    ["Cargo.toml", "Cargo.lock", "docker/Dockerfile"],
    flatten([
      for directory in ["waiting-room", "checkout", "cdn-site"] : [
        for file in fileset("${var.source_dir}/${directory}", "**") : "${directory}/${file}"
        if !strcontains(file, "node_modules/") && !strcontains(file, "target/")
      ]
    ]),
  ))
  tag = substr(sha256(join("\n", [for file in local.sources : "${file} ${filesha256("${var.source_dir}/${file}")}"])), 0, 16)

  repositories = {
    for pair in setproduct(keys(var.keys), var.services) : "${pair[0]}/${pair[1]}" => { region = pair[0], service = pair[1] }
  }
  registries = { for region in keys(var.keys) : region => "${local.account}.dkr.ecr.${region}.amazonaws.com" }
  account    = data.aws_caller_identity.current.account_id
  arm        = var.architecture == "ARM64"
}

data "aws_caller_identity" "current" {}

resource "aws_ecr_repository" "this" {
  for_each = local.repositories

  region               = each.value.region
  name                 = "${var.name}/${each.value.service}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.keys[each.value.region]
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = local.repositories

  region     = each.value.region
  repository = aws_ecr_repository.this[each.key].name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "keep the last 20 images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 20 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_s3_bucket" "source" {
  #checkov:skip=CKV_AWS_18:one function of ours reads it, once a build
  #checkov:skip=CKV_AWS_21:an object's name is the hash of what is in it
  #checkov:skip=CKV_AWS_144:what is in it is in the repository
  #checkov:skip=CKV2_AWS_62:nobody waits for its objects
  region        = var.region
  bucket        = "${var.name}-source-${local.account}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "source" {
  region                  = var.region
  bucket                  = aws_s3_bucket.source.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "source" {
  region = var.region
  bucket = aws_s3_bucket.source.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.keys[var.region]
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "source" {
  region = var.region
  bucket = aws_s3_bucket.source.id

  rule {
    id     = "built"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "archive_file" "source" {
  type        = "zip"
  source_dir  = var.source_dir
  output_path = "${path.root}/build/source.zip"
  excludes = [
    ".git/**", ".venv/**", "**/node_modules/**", "target/**", "infra/**", "docs/**", "k6/**", "test-output/**",
    "waiting-room-data/**", "**/__pycache__/**",
  ]
}

resource "aws_s3_object" "source" {
  region      = var.region
  bucket      = aws_s3_bucket.source.id
  key         = "${local.tag}.zip"
  source      = data.archive_file.source.output_path
  source_hash = local.tag

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.source]
}

resource "aws_cloudwatch_log_group" "build" {
  region            = var.region
  name              = "/${var.name}/images"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.keys[var.region]
}

module "build_role" {
  source = "../role"

  name    = "${var.name}-images"
  service = "codebuild.amazonaws.com"
  statements = [
    { Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = ["${aws_s3_bucket.source.arn}/*"] },
    { Effect = "Allow", Action = ["kms:Decrypt"], Resource = [var.keys[var.region]] },
    { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.build.arn}:*"] },
    {
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource = [for repository in aws_ecr_repository.this : repository.arn]
    },
    # A token for the registry as a whole: the action knows no resource.
    { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
  ]
}

resource "aws_codebuild_project" "this" {
  #checkov:skip=CKV_AWS_316:Docker inside the build needs it; the machine is the build's own and ends with it
  region         = var.region
  name           = "${var.name}-images"
  description    = "Builds and pushes the images of ${join(", ", var.services)}"
  service_role   = module.build_role.arn
  build_timeout  = 14
  encryption_key = var.keys[var.region]

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type            = local.arm ? "ARM_CONTAINER" : "LINUX_CONTAINER"
    compute_type    = "BUILD_GENERAL1_LARGE"
    image           = local.arm ? "aws/codebuild/amazonlinux-aarch64-standard:3.0" : "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    privileged_mode = true

    environment_variable {
      name  = "REGISTRIES"
      value = join(" ", values(local.registries))
    }

    environment_variable {
      name  = "PREFIX"
      value = var.name
    }

    environment_variable {
      name  = "SERVICES"
      value = join(" ", var.services)
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.build.name
    }
  }

  source {
    type      = "S3"
    location  = "${aws_s3_bucket.source.bucket}/${aws_s3_object.source.key}"
    buildspec = file("${path.module}/buildspec.yml")
  }
}

module "build" {
  source = "../function"

  name               = "${var.name}-build-images"
  description        = "Starts a build of the images and waits for it"
  region             = var.region
  source_file        = "${path.module}/build_images.py"
  timeout_seconds    = 900
  log_key_arn        = var.keys[var.region]
  log_retention_days = var.log_retention_days
  environment        = { PROJECT = aws_codebuild_project.this.name }

  statements = [{
    Effect   = "Allow"
    Action   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
    Resource = [aws_codebuild_project.this.arn]
  }]
}

resource "aws_lambda_invocation" "build" {
  region        = var.region
  function_name = module.build.name
  input         = jsonencode({ tag = local.tag, source = "${aws_s3_bucket.source.bucket}/${aws_s3_object.source.key}" })

  depends_on = [module.build_role, aws_ecr_repository.this]
}
