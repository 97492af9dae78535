# Airflow with Loopwright and its machine-learning libraries: one image for every service of docker-compose.yaml.
FROM apache/airflow:3.3.2-python3.11
COPY --chown=airflow:0 pyproject.toml constraints.txt README.md LICENSE /opt/loopwright/
COPY --chown=airflow:0 plugins/loopwright /opt/loopwright/plugins/loopwright
COPY --chown=airflow:0 dags /opt/loopwright/dags
# pip compiles bytecode as it installs; without it every task would start two to three times as slowly.
RUN pip install --no-cache-dir --constraint /opt/loopwright/constraints.txt '/opt/loopwright[ml,s3]' psycopg2-binary
