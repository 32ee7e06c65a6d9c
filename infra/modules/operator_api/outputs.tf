output "url" {
  description = "Address of the API."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "id" {
  description = "The API, as metrics name it."
  value       = aws_apigatewayv2_api.this.id
}

output "operate_arn" {
  description = "What an operator's policy allows execute-api:Invoke on."
  value       = "${aws_apigatewayv2_api.this.execution_arn}/*/*/v1/operator/*"
}

output "ready_arn" {
  description = "What the canary's policy allows execute-api:Invoke on."
  value       = "${aws_apigatewayv2_api.this.execution_arn}/*/GET/readyz"
}
