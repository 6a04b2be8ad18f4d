import { followChanges } from '../following.ts';

// The page of a change: it follows what others do.
followChanges();
