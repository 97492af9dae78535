"""A database and an auth manager for Airflow, as the API server has them."""

import pytest

from support import airflow_home


@pytest.fixture(scope="session")
def airflow_database():
    airflow_home.database()


@pytest.fixture(scope="session")
def tokens(airflow_database):
    """A person's token, by role."""
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    manager = create_auth_manager()
    manager.init()
    return {
        role: manager.generate_jwt(SimpleAuthManagerUser(username=role, role=role and role.upper()))
        for role in ("admin", "viewer")
    }
