"""Files that people and shops give: kept, drawn, made into the forms that screens want."""
