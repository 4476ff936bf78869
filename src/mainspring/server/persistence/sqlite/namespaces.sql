-- name: namespaces
-- All namespaces by name. Bound: there are few.
SELECT id, name, state, description, owner_email, data, retention_ns, is_global, created_at, search_attribute_aliases
  FROM namespaces
 ORDER BY name;

-- name: put_namespace
-- A namespace, new or changed.
INSERT INTO namespaces (
  id, name, state, description, owner_email, data, retention_ns, is_global, created_at, search_attribute_aliases
)
VALUES (
  :id, :name, :state, :description, :owner_email, :data, :retention_ns, :is_global, :created_at,
  :search_attribute_aliases
)
ON CONFLICT (id) DO UPDATE
   SET name = excluded.name, state = excluded.state, description = excluded.description,
       owner_email = excluded.owner_email, data = excluded.data, retention_ns = excluded.retention_ns,
       is_global = excluded.is_global, created_at = excluded.created_at,
       search_attribute_aliases = excluded.search_attribute_aliases;

-- name: delete_namespace
-- The namespace itself, after all that it held.
DELETE FROM namespaces WHERE id = :id;

-- name: search_attributes
-- Custom search attributes of a namespace. Bound: the limits of the frontend.
SELECT name, type FROM search_attributes WHERE namespace_id = :namespace_id ORDER BY name;

-- name: put_search_attribute
-- One custom search attribute, new or with another type.
INSERT INTO search_attributes (namespace_id, name, type)
VALUES (:namespace_id, :name, :type)
ON CONFLICT (namespace_id, name) DO UPDATE SET type = excluded.type;

-- name: remove_search_attribute
-- One custom search attribute is forgotten.
DELETE FROM search_attributes WHERE namespace_id = :namespace_id AND name = :name;

-- name: remove_search_attributes_of_namespace
-- All custom search attributes of a namespace.
DELETE FROM search_attributes WHERE namespace_id = :namespace_id;

-- name: metadata
-- A setting of the store. At most one.
SELECT value FROM metadata WHERE name = :name;

-- name: put_metadata
-- A setting of the store, new or changed.
INSERT INTO metadata (name, value)
VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: schema_version
-- The migrations that the file has been through. Bound: one row for each.
SELECT version, name FROM schema_version ORDER BY version;

-- name: add_schema_version
-- A migration was applied, in the same transaction.
INSERT INTO schema_version (version, name) VALUES (:version, :name);

-- name: size
-- Size of the database and of the pages in it that are free, in bytes, and the path of its file; no path in memory. One row.
SELECT page_count * page_size, freelist_count * page_size, file
  FROM pragma_page_count, pragma_page_size, pragma_freelist_count, pragma_database_list
 WHERE name = 'main';
