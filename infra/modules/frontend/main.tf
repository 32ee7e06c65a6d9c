# The one public address: the site from the bucket, all else from the active region's private load balancer.

locals {
  own_name = var.domain.name != ""

  # What is the same for everybody, what is fans' own, and how each is kept. The first that fits counts: what is below an event is
  # a fan's own, but for its board; the events themselves, which each page asks for again and again, are not.
  routes = [
    { path = "/v1/events/*/board", kind = "board", cached = true },
    { path = "/.well-known/*", kind = "board", cached = true },
    { path = "/v1/events/*/*", kind = "services", cached = false },
    { path = "/v1/events*", kind = "board", cached = true },
    { path = "/v1/*", kind = "services", cached = false },
    { path = "/basic*", kind = "services", cached = false },
    { path = "/openapi.json", kind = "services", cached = false },
  ]
}

resource "aws_cloudfront_vpc_origin" "this" {
  for_each = var.load_balancers

  vpc_origin_endpoint_config {
    name                   = "${var.name}-${each.key}"
    arn                    = each.value.arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = each.value.tls ? "https-only" : "http-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }
}

resource "aws_cloudfront_origin_access_control" "site" {
  name                              = "${var.name}-site"
  description                       = "Only the distribution reads the bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Key: the path, and whether the browser takes it compressed.
resource "aws_cloudfront_cache_policy" "site" {
  name        = "${var.name}-site"
  comment     = "The site's files"
  min_ttl     = 0
  default_ttl = 60
  max_ttl     = 86400

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

# The stampede's shield: however many fans look at a board or an event, the services are asked once a second or two. How long is
# theirs to say.
resource "aws_cloudfront_cache_policy" "board" {
  name        = "${var.name}-board"
  comment     = "What is public and changes each second"
  min_ttl     = 0
  default_ttl = 1
  max_ttl     = 60

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_gzip = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

data "aws_cloudfront_cache_policy" "disabled" {
  name = "Managed-CachingDisabled"
}

# All that the viewer sent, with cookies and its own Host: forms, and what an operator changes, are checked against it. And what
# only CloudFront knows, since the load balancer writes its own protocol into X-Forwarded-Proto: whether it was asked by HTTPS,
# which decides on cookies' `Secure`.
resource "aws_cloudfront_origin_request_policy" "services" {
  name    = "${var.name}-services"
  comment = "What the services are told"

  cookies_config {
    cookie_behavior = "all"
  }

  headers_config {
    header_behavior = "allViewerAndWhitelistCloudFront"

    headers {
      items = ["CloudFront-Forwarded-Proto"]
    }
  }

  query_strings_config {
    query_string_behavior = "all"
  }
}

resource "aws_cloudfront_response_headers_policy" "site" {
  #checkov:skip=CKV_AWS_259:preloading binds a whole domain for good, which is its owner's to decide
  name    = "${var.name}-site"
  comment = "What a page of ours may load, and who may frame it"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "same-origin"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Permissions-Policy"
      value    = "camera=(), geolocation=(), microphone=(), payment=()"
      override = true
    }
  }
}

# The services say themselves what their pages may load; that all of it is to be had over TLS alone, they can't know.
resource "aws_cloudfront_response_headers_policy" "services" {
  #checkov:skip=CKV_AWS_259:preloading binds a whole domain for good, which is its owner's to decide
  name    = "${var.name}-services"
  comment = "What every answer of the services says"

  security_headers_config {
    content_type_options {
      override = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      override                   = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:a line with the address of each fan at each poll; metrics and WAF's log tell what is needed
  #checkov:skip=CKV_AWS_174:TLS 1.2 with a domain of one's own; CloudFront's own name does not let it be chosen
  #checkov:skip=CKV_AWS_310:origin groups fail over GET only; the function that chooses the region does it for all
  #checkov:skip=CKV_AWS_374:fans travel
  #checkov:skip=CKV2_AWS_47:the web ACL's rule groups are one dynamic block, which the check does not read
  comment             = var.name
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = var.price_class
  default_root_object = "index.html"
  aliases             = local.own_name ? [var.domain.name] : []
  web_acl_id          = var.web_acl_arn == "" ? null : var.web_acl_arn

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.site.id
  }

  # Each load balancer twice: the origin shield is a second charge for each request that it can't answer.
  dynamic "origin" {
    for_each = merge([
      for region, balancer in var.load_balancers : {
        for kind in ["services", "board"] : "${kind}-${region}" => {
          domain_name   = balancer.dns_name
          vpc_origin_id = aws_cloudfront_vpc_origin.this[region].id
          shield        = kind == "board" ? [region] : []
        }
      }
    ]...)

    content {
      origin_id           = origin.key
      domain_name         = origin.value.domain_name
      connection_attempts = 2
      connection_timeout  = 2

      vpc_origin_config {
        vpc_origin_id            = origin.value.vpc_origin_id
        origin_keepalive_timeout = 60
        origin_read_timeout      = 60
      }

      dynamic "origin_shield" {
        for_each = origin.value.shield

        content {
          enabled              = true
          origin_shield_region = origin_shield.value
        }
      }
    }
  }

  default_cache_behavior {
    target_origin_id           = "site"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.site.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.site.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.site.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.routes

    content {
      path_pattern           = ordered_cache_behavior.value.path
      target_origin_id       = "${ordered_cache_behavior.value.kind}-${var.region}"
      allowed_methods        = ordered_cache_behavior.value.cached ? ["GET", "HEAD"] : ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods         = ["GET", "HEAD"]
      viewer_protocol_policy = "redirect-to-https"

      # A board comes compressed from the services; a stream must not be held back to be compressed. Where nothing is kept, cookies
      # that the services set reach the browser.
      compress                 = ordered_cache_behavior.value.cached
      cache_policy_id          = ordered_cache_behavior.value.cached ? aws_cloudfront_cache_policy.board.id : data.aws_cloudfront_cache_policy.disabled.id
      origin_request_policy_id = ordered_cache_behavior.value.cached ? null : aws_cloudfront_origin_request_policy.services.id

      response_headers_policy_id = aws_cloudfront_response_headers_policy.services.id

      dynamic "function_association" {
        for_each = var.has_second_region ? [aws_cloudfront_function.region[ordered_cache_behavior.value.kind].arn] : []

        content {
          event_type   = "viewer-request"
          function_arn = function_association.value
        }
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = !local.own_name
    acm_certificate_arn            = local.own_name ? var.domain.certificate_arn : null
    ssl_support_method             = local.own_name ? "sni-only" : null
    minimum_protocol_version       = local.own_name ? "TLSv1.2_2021" : "TLSv1"
  }
}

resource "aws_route53_record" "this" {
  for_each = local.own_name && var.domain.zone_id != "" ? toset(["A", "AAAA"]) : toset([])

  zone_id = var.domain.zone_id
  name    = var.domain.name
  type    = each.key

  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}
