output "images" {
  description = "Each service's image in each region, once it is built and pushed."
  value = {
    for region, registry in local.registries : region => {
      for service in var.services : service => "${registry}/${var.name}/${service}:${local.tag}"
    }
  }
  depends_on = [aws_lambda_invocation.build]
}

output "repository_arns" {
  description = "Repository of each service in each region."
  value = {
    for region in keys(var.keys) : region => {
      for service in var.services : service => aws_ecr_repository.this["${region}/${service}"].arn
    }
  }
}
