/** The tables of an n8n database that hold nearly all of its bytes, in the shape that n8n gives them. */
export const tables = `
CREATE TABLE workflow_entity (
	id varchar(36) NOT NULL, name varchar(128) NOT NULL, active boolean NOT NULL, nodes json NOT NULL,
	connections json NOT NULL, settings json, "staticData" json, "versionId" char(36) NOT NULL,
	"triggerCount" integer DEFAULT 0 NOT NULL, "isArchived" boolean DEFAULT false NOT NULL,
	"createdAt" timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3) NOT NULL,
	"updatedAt" timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3) NOT NULL);
CREATE TABLE workflow_history (
	"versionId" varchar(36) NOT NULL, "workflowId" varchar(36) NOT NULL, authors varchar(255) NOT NULL,
	nodes json NOT NULL, connections json NOT NULL,
	"createdAt" timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3) NOT NULL);
CREATE TABLE credentials_entity (
	id varchar(36) NOT NULL, name varchar(128) NOT NULL, data text NOT NULL, type varchar(128) NOT NULL,
	"isManaged" boolean DEFAULT false NOT NULL,
	"createdAt" timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3) NOT NULL);
CREATE TABLE execution_entity (
	id serial NOT NULL, finished boolean NOT NULL, mode varchar NOT NULL, "retryOf" varchar,
	"startedAt" timestamptz(3), "stoppedAt" timestamptz(3), "waitTill" timestamptz(3), status varchar NOT NULL,
	"workflowId" varchar(36) NOT NULL, "createdAt" timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3) NOT NULL);
CREATE TABLE execution_data ("executionId" integer NOT NULL, "workflowData" json NOT NULL, data text NOT NULL);
CREATE TABLE binary_data (
	"fileId" uuid NOT NULL, "sourceType" varchar(50) NOT NULL, "sourceId" varchar(255) NOT NULL, data bytea NOT NULL,
	"mimeType" varchar(255), "fileName" varchar(255), "fileSize" integer NOT NULL);
`;

/** Made after the rows, as a restore would. */
export const constraints = `
ALTER TABLE workflow_entity ADD PRIMARY KEY (id);
ALTER TABLE workflow_history ADD PRIMARY KEY ("versionId");
ALTER TABLE credentials_entity ADD PRIMARY KEY (id);
ALTER TABLE execution_entity ADD PRIMARY KEY (id);
ALTER TABLE execution_data ADD PRIMARY KEY ("executionId");
ALTER TABLE binary_data ADD PRIMARY KEY ("fileId");
ALTER TABLE workflow_history ADD FOREIGN KEY ("workflowId") REFERENCES workflow_entity (id) ON DELETE CASCADE;
ALTER TABLE execution_entity ADD FOREIGN KEY ("workflowId") REFERENCES workflow_entity (id) ON DELETE CASCADE;
ALTER TABLE execution_data ADD FOREIGN KEY ("executionId") REFERENCES execution_entity (id) ON DELETE CASCADE;
CREATE INDEX ON execution_entity ("workflowId", id);
CREATE INDEX ON execution_entity ("stoppedAt", status);
CREATE INDEX ON binary_data ("sourceType", "sourceId");
`;
