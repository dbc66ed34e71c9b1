# Build: docker build -t edudesk .   Another base, for a registry of your own: --build-arg BASE=…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
RUN python3 -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r /tmp/requirements.txt

FROM ${BASE}
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin edudesk \
    && install -d -o edudesk -g edudesk -m 0750 /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY pyproject.toml run.py ./
COPY assets assets
COPY models models
COPY console console
COPY callbacks callbacks
COPY pages pages
RUN /opt/venv/bin/python -m compileall -q .

# A container is reached from outside, so it starts as production and refuses weak secrets.
# To look around with the sandbox and demo data: docker run -e APP_ENV=development -p 127.0.0.1:5000:5000 edudesk
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    APP_ENV=production \
    HOST=0.0.0.0 \
    PORT=5000 \
    DATA_DIR=/data
USER edudesk
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
CMD ["python", "run.py"]
