import { afterAll, afterEach, expect } from 'vitest';
import { pageComplaints } from './page-complaints.ts';

// It runs before each file of tests. A page that complains fails the test, whatever the test is about.
const expectNone = () => expect(pageComplaints.splice(0), 'complaints of pages').toEqual([]);

afterEach(expectNone);
// A page that tests share may complain after the last one.
afterAll(expectNone);
