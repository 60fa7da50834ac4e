"""Who is here, and where each person stands. Sans-IO."""
