/** What the benches call things, on the stub and on the embedded cluster alike. */
export const BOT = 'bench';
export const ROLE = 'deployer';
export const APPLICATION = 'foo';
export const DATABASE = 'pg';
