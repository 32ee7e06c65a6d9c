locals {
  content_security_policy = join("; ", [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
    "font-src 'self'", "manifest-src 'self'", "media-src 'self' data:", "base-uri 'none'", "form-action 'self'",
    "frame-ancestors 'none'",
  ])
}

resource "aws_cloudfront_function" "site" {
  name    = "${var.name}-site"
  comment = "The site's addresses"
  runtime = "cloudfront-js-2.0"
  publish = true
  code = templatefile("${path.module}/functions/site.js", {
    files     = jsonencode(concat(keys(local.files), ["site.json"]))
    not_found = jsonencode(file("${var.site_dir}/404.html"))
    policy    = jsonencode(local.content_security_policy)
  })
}

resource "aws_cloudfront_key_value_store" "this" {
  count = var.has_second_region ? 1 : 0

  name    = var.name
  comment = "Which region is active"
}

# From the first failover on it belongs to the button.
resource "aws_cloudfrontkeyvaluestore_key" "active" {
  count = var.has_second_region ? 1 : 0

  key_value_store_arn = aws_cloudfront_key_value_store.this[0].arn
  key                 = "active-region"
  value               = var.region

  lifecycle {
    ignore_changes = [value]
  }
}

# One each for what is cached behind the origin shield and what is not.
resource "aws_cloudfront_function" "region" {
  for_each = var.has_second_region ? toset(["services", "board"]) : toset([])

  name                         = "${var.name}-region-${each.key}"
  comment                      = "Chooses the region"
  runtime                      = "cloudfront-js-2.0"
  publish                      = true
  key_value_store_associations = [aws_cloudfront_key_value_store.this[0].arn]
  code = templatefile("${path.module}/functions/region.js", {
    origins = jsonencode({ for region in keys(var.load_balancers) : region => "${each.key}-${region}" })
  })
}
