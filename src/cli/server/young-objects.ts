import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 create all objects in its young generation. Otherwise it creates the objects of a busy function in the old one
 * when many of the first ones lived long, as they do while requests wait at the start. Then the dead objects of each later
 * request wait for a full garbage collection.
 */
export const keepObjectsYoung = (): void => setFlagsFromString('--no-allocation-site-pretenuring');
