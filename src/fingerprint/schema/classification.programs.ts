import { type CatalogClasses, derived, environment, hashed, numbered } from './classified.ts';

/** Functions, types, operators, and what decides how text is handled. */
export const programCatalogs: Readonly<Record<string, CatalogClasses>> = {
  pg_proc: [
    numbered,
    hashed(
      'proname pronamespace proowner prolang procost prorows prosupport prokind prosecdef proleakproof proisstrict',
    ),
    hashed('proretset provolatile proparallel prorettype proargtypes proallargtypes proargmodes proargnames'),
    hashed('proargdefaults protrftypes prosrc probin prosqlbody proconfig proacl'),
    derived('pronargs pronargdefaults', 'count the arguments and their defaults'),
    derived('provariadic', 'the argument whose mode is VARIADIC'),
  ],
  pg_aggregate: [
    hashed(
      'aggfnoid aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn aggdeserialfn aggmtransfn',
    ),
    hashed(
      'aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify aggmfinalmodify aggsortop aggtranstype',
    ),
    hashed('aggtransspace aggmtranstype aggmtransspace agginitval aggminitval'),
  ],
  pg_type: [
    numbered,
    hashed('typname typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim'),
    hashed(
      'typsubscript typelem typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage',
    ),
    hashed('typnotnull typbasetype typtypmod typndims typcollation typdefaultbin typdefault typacl'),
    derived('typrelid', 'a composite type has the name of its relation'),
    derived('typarray', 'the array type is made with its element'),
  ],
  pg_enum: [numbered, hashed('enumtypid enumsortorder enumlabel')],
  pg_range: [hashed('rngtypid rngsubtype rngmultitypid rngcollation rngsubopc rngcanonical rngsubdiff')],
  pg_operator: [
    numbered,
    hashed('oprname oprnamespace oprowner oprkind oprcanmerge oprcanhash oprleft oprright oprresult oprcom oprnegate'),
    hashed('oprcode oprrest oprjoin'),
  ],
  pg_opclass: [numbered, hashed('opcmethod opcname opcnamespace opcowner opcfamily opcintype opcdefault opckeytype')],
  pg_opfamily: [numbered, hashed('opfmethod opfname opfnamespace opfowner')],
  pg_amop: [
    numbered,
    hashed('amopfamily amoplefttype amoprighttype amopstrategy amoppurpose amopopr amopsortfamily'),
    derived('amopmethod', 'as of the family'),
  ],
  pg_amproc: [numbered, hashed('amprocfamily amproclefttype amprocrighttype amprocnum amproc')],
  pg_am: [numbered, hashed('amname amhandler amtype')],
  pg_cast: [numbered, hashed('castsource casttarget castfunc castcontext castmethod')],
  pg_transform: [numbered, hashed('trftype trflang trffromsql trftosql')],
  pg_language: [numbered, hashed('lanname lanowner lanispl lanpltrusted lanplcallfoid laninline lanvalidator lanacl')],
  pg_collation: [
    numbered,
    hashed('collname collnamespace collowner collprovider collisdeterministic collencoding collcollate collctype'),
    hashed('colliculocale colllocale collicurules'),
    environment('collversion', "the server's library, as it was when the collation was made or refreshed"),
  ],
  pg_conversion: [numbered, hashed('conname connamespace conowner conforencoding contoencoding conproc condefault')],
  pg_ts_config: [numbered, hashed('cfgname cfgnamespace cfgowner cfgparser')],
  pg_ts_config_map: [hashed('mapcfg maptokentype mapseqno mapdict')],
  pg_ts_dict: [numbered, hashed('dictname dictnamespace dictowner dicttemplate dictinitoption')],
  pg_ts_parser: [numbered, hashed('prsname prsnamespace prsstart prstoken prsend prsheadline prslextype')],
  pg_ts_template: [numbered, hashed('tmplname tmplnamespace tmplinit tmpllexize')],
};
