"""What is said about processors and their evaluations: scorecard, verdict, audit, Eyexam, roofline, and comparisons."""
