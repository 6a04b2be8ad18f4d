import { signScript as signing } from '../../web/index.ts';
import { followScript } from '../follow.ts';

/** The script of the page for signing, which then reads the page anew: who has signed, and what is missing; it follows what others do. */
export const signScript = `${signing}
new MutationObserver(() => { if (note.className === 'go') setTimeout(() => location.reload(), 1200); }).observe(note, { attributes: true });
${followScript}`;
