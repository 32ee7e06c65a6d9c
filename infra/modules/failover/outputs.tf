output "document" {
  description = "Name of the document that makes this region the active one."
  value       = aws_ssm_document.this.name
}
