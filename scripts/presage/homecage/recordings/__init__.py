"""What was recorded and when: video files, cameras, the events sheet, and the facility's clock."""
