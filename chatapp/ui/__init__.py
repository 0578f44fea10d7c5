"""Theme, layout, markdown and small parts that pages share."""
