-- A number for each user that moves with everything that ends or changes one of their sessions. A node
-- asks for the numbers of all users behind its open sockets at once, and looks closer where one moved.
-- Triggers move it, so that it cannot be forgotten: not by a verb, nor by an operator's own UPDATE.

ALTER TABLE users ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

CREATE FUNCTION move_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.epoch := OLD.epoch + 1;
    RETURN NEW;
END
$$;

CREATE TRIGGER users_move_epoch BEFORE UPDATE OF disabled_at, password_hash ON users
FOR EACH ROW
WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at OR OLD.password_hash <> NEW.password_hash)
EXECUTE FUNCTION move_epoch();

-- Rows are locked in the order members, users, sessions, so that nobody waits for each other: whoever
-- closes sessions locks their user first, for this will.
CREATE FUNCTION move_epoch_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET epoch = epoch + 1 WHERE id = NEW.user_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_move_epoch AFTER UPDATE OF revoked_at ON sessions
FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at)
EXECUTE FUNCTION move_epoch_of_user();

CREATE TRIGGER members_move_epoch AFTER UPDATE OF role, removed_at ON members
FOR EACH ROW WHEN (OLD.role <> NEW.role OR OLD.removed_at IS DISTINCT FROM NEW.removed_at)
EXECUTE FUNCTION move_epoch_of_user();
