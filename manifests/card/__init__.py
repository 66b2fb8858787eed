"""The dataset's card: README.md with charts for people, croissant.json for search engines and libraries."""
