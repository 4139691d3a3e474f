"""qc.html: what a lab looks at before it believes a track."""
