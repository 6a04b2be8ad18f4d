import { type CatalogClasses, derived, inFingerprint, ignored, numbered } from './classified.ts';

/** Tables and what hangs on them. */
export const relationCatalogs: Readonly<Record<string, CatalogClasses>> = {
  pg_class: [
    numbered,
    inFingerprint(
      'relname relnamespace reloftype relowner relam reltablespace relpersistence relkind relnatts relrowsecurity',
    ),
    inFingerprint('relforcerowsecurity relispopulated relreplident relacl reloptions relpartbound'),
    derived('reltype', 'the row type has the name of its relation'),
    derived('relchecks', 'counts the constraints; fewer than there are is hashed as `hiding`'),
    derived('relispartition', 'relpartbound is there; false all the same is hashed as `hiding`'),
    derived('reltoastrelid', 'its options are those of the table that it belongs to'),
    derived('relisshared', 'only of catalogues that every database shares'),
    ignored('relpages reltuples relallvisible relallfrozen', 'statistics'),
    ignored('relfrozenxid relminmxid', 'the age of the rows'),
    ignored('relfilenode relrewrite', 'where the rows are stored'),
    ignored(
      'relhasindex relhasrules relhastriggers relhassubclass',
      'true may be of the past: VACUUM clears them late; false while something is there is hashed as `hiding`',
    ),
  ],
  pg_attribute: [
    inFingerprint(
      'attrelid attname atttypid atttypmod attnum attndims attstorage attcompression attnotnull attidentity',
    ),
    inFingerprint('attgenerated attislocal attinhcount attcollation attstattarget attacl attoptions attfdwoptions'),
    derived('attlen attbyval attalign', 'as of the type'),
    derived('atthasdef', 'there is a default; false all the same is hashed as `hiding`'),
    derived('attisdropped', 'not listed; its place shows in attnum and relnatts'),
    ignored('attcacheoff', 'always -1'),
    ignored('atthasmissing attmissingval', 'how rows are stored: a rewrite of the table ends it'),
  ],
  pg_attrdef: [numbered, inFingerprint('adrelid adnum adbin')],
  pg_constraint: [
    numbered,
    inFingerprint(
      'conname contype condeferrable condeferred conenforced convalidated conrelid contypid conindid conparentid',
    ),
    inFingerprint(
      'confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit conperiod conkey confkey',
    ),
    inFingerprint('conpfeqop conppeqop conffeqop confdelsetcols conexclop conbin'),
    derived('connamespace', 'as of the relation or the domain'),
  ],
  pg_index: [
    inFingerprint(
      'indexrelid indrelid indnatts indnkeyatts indisunique indnullsnotdistinct indisprimary indisexclusion',
    ),
    inFingerprint(
      'indimmediate indisclustered indisvalid indisready indislive indisreplident indkey indcollation indclass',
    ),
    inFingerprint('indoption indexprs indpred'),
    ignored('indcheckxmin', 'which old transactions may use it'),
  ],
  pg_inherits: [inFingerprint('inhrelid inhparent inhseqno inhdetachpending')],
  pg_partitioned_table: [
    inFingerprint('partrelid partstrat partnatts partattrs partclass partcollation partexprs'),
    derived('partdefid', 'the partition whose bound is DEFAULT'),
  ],
  pg_sequence: [inFingerprint('seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle')],
  pg_trigger: [
    numbered,
    inFingerprint(
      'tgrelid tgparentid tgname tgfoid tgtype tgenabled tgconstrrelid tgdeferrable tginitdeferred tgattr tgargs',
    ),
    inFingerprint('tgqual tgoldtable tgnewtable'),
    derived(
      'tgisinternal tgconstraint tgconstrindid',
      'an internal trigger belongs to its constraint, else it is listed',
    ),
    derived('tgnargs', 'counts tgargs'),
  ],
  pg_rewrite: [numbered, inFingerprint('rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action')],
  pg_policy: [numbered, inFingerprint('polname polrelid polcmd polpermissive polroles polqual polwithcheck')],
  pg_statistic_ext: [
    numbered,
    inFingerprint('stxrelid stxname stxnamespace stxowner stxkeys stxstattarget stxkind stxexprs'),
  ],
  pg_statistic_ext_data: [ignored('*', 'statistics')],
  pg_statistic: [ignored('*', 'statistics')],
  pg_largeobject: [ignored('*', 'rows: in the fingerprint of the data')],
  pg_largeobject_metadata: [ignored('*', 'with the rows: a large object has no name but its number')],
};
