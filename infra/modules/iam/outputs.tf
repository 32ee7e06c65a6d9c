output "roles" {
  description = "Task and execution role of each service, once they may do what they have to."
  value = {
    for service in keys(local.services) : service => {
      task      = aws_iam_role.task[service].arn
      execution = aws_iam_role.execution[service].arn
    }
  }
  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.execution]
}
