import { enrolOnSubmit } from '../one-form.ts';

// The page on which a passkey is made, which a command serves.
enrolOnSubmit({});
