import { config } from 'zod/v4/core';

// The schemas that are defined later make no code from texts. The policy of the page allows none, and a browser reports
// even the question whether it does.
config({ jitless: true });
