import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/**
 * Returns the headers that helmet sets for a JSON API, as names and values in turn. They are the same for every answer,
 * so helmet runs once and not per request.
 */
export const securityHeaders = (): readonly string[] => {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  response.setHeader('Cache-Control', 'no-store');
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: true },
  });
  protect(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return response.getHeaderNames().flatMap((name) => [titled(name), String(response.getHeader(name))]);
};

const titled = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
