# The site's files, in a bucket that only the distribution can read.

locals {
  files = {
    for file in fileset(var.site_dir, "**") : file => lookup(local.content_types, regex("[^.]+$", basename(file)), "application/octet-stream")
    if !startswith(file, "tests/") && !contains(["README.md", "package.json"], file)
  }
  # The languages and themes that there is a file of, for the pages to choose from.
  contents = {
    languages = {
      for file in fileset("${var.site_dir}/messages", "*.json") :
      trimsuffix(file, ".json") => jsondecode(file("${var.site_dir}/messages/${file}"))["language.name"]
    }
    themes = sort([for file in fileset("${var.site_dir}/themes", "*.json") : trimsuffix(file, ".json")])
  }
  content_types = {
    LICENSE     = "text/plain; charset=utf-8"
    css         = "text/css; charset=utf-8"
    html        = "text/html; charset=utf-8"
    ico         = "image/x-icon"
    js          = "text/javascript; charset=utf-8"
    json        = "application/json"
    md          = "text/markdown; charset=utf-8"
    mp3         = "audio/mpeg"
    png         = "image/png"
    svg         = "image/svg+xml"
    txt         = "text/plain; charset=utf-8"
    webmanifest = "application/manifest+json"
    woff2       = "font/woff2"
  }
  account = data.aws_caller_identity.current.account_id
}

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "site" {
  #checkov:skip=CKV_AWS_18:CloudFront alone reads it
  #checkov:skip=CKV_AWS_144:what is in it is in the repository, and CloudFront holds copies while a region is away
  #checkov:skip=CKV_AWS_145:what is in it is public; AWS's key encrypts it
  #checkov:skip=CKV2_AWS_62:nobody waits for its objects
  region        = var.region
  bucket        = "${var.name}-site-${local.account}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "site" {
  region                  = var.region
  bucket                  = aws_s3_bucket.site.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "site" {
  region = var.region
  bucket = aws_s3_bucket.site.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "site" {
  region = var.region
  bucket = aws_s3_bucket.site.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.site]
}

# Files have no version in their names, so browsers ask again, and CloudFront does once a minute.
resource "aws_s3_object" "site" {
  for_each = local.files

  region        = var.region
  bucket        = aws_s3_bucket.site.id
  key           = each.key
  source        = "${var.site_dir}/${each.key}"
  source_hash   = filemd5("${var.site_dir}/${each.key}")
  content_type  = each.value
  cache_control = "public, no-cache, s-maxage=60"

  depends_on = [aws_s3_bucket_versioning.site]
}

resource "aws_s3_object" "contents" {
  region        = var.region
  bucket        = aws_s3_bucket.site.id
  key           = "site.json"
  content       = jsonencode(local.contents)
  content_type  = "application/json"
  cache_control = "public, no-cache, s-maxage=60"

  depends_on = [aws_s3_bucket_versioning.site]
}

resource "aws_s3_bucket_policy" "site" {
  region = var.region
  bucket = aws_s3_bucket.site.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Distribution"
        Effect    = "Allow"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Action    = "s3:GetObject"
        Resource  = "${aws_s3_bucket.site.arn}/*"
        Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.this.arn } }
      },
      {
        Sid       = "EncryptedOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.site.arn, "${aws_s3_bucket.site.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.site]
}
