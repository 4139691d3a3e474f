"""What a model is fitted to: windows of tracks on disk, how coverage is scaled, Baskerville's TFRecords in and out."""
