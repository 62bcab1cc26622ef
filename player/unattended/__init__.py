"""What makes a computer a screen without anybody at it: settings, the boot file, a quiet boot."""
