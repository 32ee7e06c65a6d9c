variable "name" {
  description = "Name of the web ACL."
  type        = string
  nullable    = false
}

variable "requests_per_five_minutes" {
  description = "Requests that one address may make in five minutes. Offices, trains and mobile networks share one: hundreds of fans may stand behind it, each asking every ten seconds."
  type        = number
  nullable    = false
}

variable "joins_per_five_minutes" {
  description = "Joins that one address may make in five minutes."
  type        = number
  nullable    = false
}

variable "sign_ins_per_five_minutes" {
  description = "Sign-ins of operators that one address may try in five minutes."
  type        = number
  nullable    = false
}

variable "log_retention_days" {
  description = "How long is kept what was turned away, in days."
  type        = number
  nullable    = false
}
