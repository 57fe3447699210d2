-- How large the file is, with what this transaction has added to it.
select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()
