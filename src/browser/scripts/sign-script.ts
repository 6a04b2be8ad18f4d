import { signOnSubmit } from '../one-form.ts';

// The page on which a statement is signed, which a command serves.
signOnSubmit(() => undefined);
