"""Where every activation lives in the arena, and when."""
