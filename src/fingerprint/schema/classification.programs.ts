import { type CatalogClasses, derived, environment, inFingerprint, numbered } from './classified.ts';

/** Functions, types, operators, and what decides how text is handled. */
export const programCatalogs: Readonly<Record<string, CatalogClasses>> = {
  pg_proc: [
    numbered,
    inFingerprint(
      'proname pronamespace proowner prolang procost prorows prosupport prokind prosecdef proleakproof proisstrict',
    ),
    inFingerprint('proretset provolatile proparallel prorettype proargtypes proallargtypes proargmodes proargnames'),
    inFingerprint('proargdefaults protrftypes prosrc probin prosqlbody proconfig proacl'),
    derived('pronargs pronargdefaults', 'count the arguments and their defaults'),
    derived('provariadic', 'the argument whose mode is VARIADIC'),
  ],
  pg_aggregate: [
    inFingerprint(
      'aggfnoid aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn aggdeserialfn aggmtransfn',
    ),
    inFingerprint(
      'aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify aggmfinalmodify aggsortop aggtranstype',
    ),
    inFingerprint('aggtransspace aggmtranstype aggmtransspace agginitval aggminitval'),
  ],
  pg_type: [
    numbered,
    inFingerprint(
      'typname typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim',
    ),
    inFingerprint(
      'typsubscript typelem typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage',
    ),
    inFingerprint('typnotnull typbasetype typtypmod typndims typcollation typdefaultbin typdefault typacl'),
    derived('typrelid', 'a composite type has the name of its relation'),
    derived('typarray', 'the array type is made with its element'),
  ],
  pg_enum: [numbered, inFingerprint('enumtypid enumsortorder enumlabel')],
  pg_range: [inFingerprint('rngtypid rngsubtype rngmultitypid rngcollation rngsubopc rngcanonical rngsubdiff')],
  pg_operator: [
    numbered,
    inFingerprint(
      'oprname oprnamespace oprowner oprkind oprcanmerge oprcanhash oprleft oprright oprresult oprcom oprnegate',
    ),
    inFingerprint('oprcode oprrest oprjoin'),
  ],
  pg_opclass: [
    numbered,
    inFingerprint('opcmethod opcname opcnamespace opcowner opcfamily opcintype opcdefault opckeytype'),
  ],
  pg_opfamily: [numbered, inFingerprint('opfmethod opfname opfnamespace opfowner')],
  pg_amop: [
    numbered,
    inFingerprint('amopfamily amoplefttype amoprighttype amopstrategy amoppurpose amopopr amopsortfamily'),
    derived('amopmethod', 'as of the family'),
  ],
  pg_amproc: [numbered, inFingerprint('amprocfamily amproclefttype amprocrighttype amprocnum amproc')],
  pg_am: [numbered, inFingerprint('amname amhandler amtype')],
  pg_cast: [numbered, inFingerprint('castsource casttarget castfunc castcontext castmethod')],
  pg_transform: [numbered, inFingerprint('trftype trflang trffromsql trftosql')],
  pg_language: [
    numbered,
    inFingerprint('lanname lanowner lanispl lanpltrusted lanplcallfoid laninline lanvalidator lanacl'),
  ],
  pg_collation: [
    numbered,
    inFingerprint(
      'collname collnamespace collowner collprovider collisdeterministic collencoding collcollate collctype',
    ),
    inFingerprint('colliculocale colllocale collicurules'),
    environment('collversion', "the server's library, as it was when the collation was made or refreshed"),
  ],
  pg_conversion: [
    numbered,
    inFingerprint('conname connamespace conowner conforencoding contoencoding conproc condefault'),
  ],
  pg_ts_config: [numbered, inFingerprint('cfgname cfgnamespace cfgowner cfgparser')],
  pg_ts_config_map: [inFingerprint('mapcfg maptokentype mapseqno mapdict')],
  pg_ts_dict: [numbered, inFingerprint('dictname dictnamespace dictowner dicttemplate dictinitoption')],
  pg_ts_parser: [numbered, inFingerprint('prsname prsnamespace prsstart prstoken prsend prsheadline prslextype')],
  pg_ts_template: [numbered, inFingerprint('tmplname tmplnamespace tmplinit tmpllexize')],
};
