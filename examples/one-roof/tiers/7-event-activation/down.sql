drop trigger if exists gov_emit on gov_coverage;

drop function if exists gov_emit();
