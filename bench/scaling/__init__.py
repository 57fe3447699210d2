"""Twenty workloads on which `daybreak tune` is judged against an exhaustive grid."""
