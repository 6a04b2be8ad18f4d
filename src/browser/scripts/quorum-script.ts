import { followChanges } from '../following.ts';
import { signOnSubmit } from '../one-form.ts';

// The page on which a quorum signs: once it is signed, who has signed and what is missing is read again.
signOnSubmit(() => void setTimeout(() => location.reload(), 1200));
followChanges();
