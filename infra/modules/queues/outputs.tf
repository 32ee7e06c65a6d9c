output "queues" {
  description = "The queues orders, dead_letters and ended_sessions: name, URL, ARN."
  value = {
    for key, queue in aws_sqs_queue.this : key => { name = queue.name, url = queue.url, arn = queue.arn }
  }
  # The programs read the redrive policy when they start.
  depends_on = [aws_sqs_queue_redrive_policy.orders]
}
