# The same wheel that `pip install` gives, on a slim base, as a user without rights.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml requirements.lock README.md ./
RUN pip install --no-cache-dir --require-hashes --prefix=/install -r requirements.lock
COPY catalog catalog
COPY scorecards scorecards
COPY plugins plugins
COPY portal portal
RUN PYTHONPATH=/install/lib/python3.12/site-packages pip install --no-cache-dir --no-deps --no-build-isolation --prefix=/install .

FROM python:3.12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 plumbline \
 && install -d -o plumbline -m 0700 /data
COPY --from=build /install /usr/local
USER plumbline
ENV PLUMBLINE_DATA_DIR=/data PLUMBLINE_HOST=0.0.0.0
VOLUME /data
EXPOSE 7007
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7007/readyz', timeout=5)"]
# Listening beyond this host needs a configuration with authentication: mount one and name it.
ENTRYPOINT ["portal"]
CMD ["up", "--config", "/config/app-config.yaml"]
