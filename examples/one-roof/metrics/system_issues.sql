select count(*) from system_issues
