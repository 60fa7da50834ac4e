"""Sources: what turns files, performances and sensors into pose samples."""
