# What a Python test finds the parts of this build with, and what of the caller's would mislead it.
set(root ${PROJECT_SOURCE_DIR})
set(CONCLIB_PYTHON_ENVIRONMENT
    PYTHONPATH=${root}/sdk/python:${root}/tests/integration/python:${root}/tests/integration/protocol
    PYTHONDONTWRITEBYTECODE=1
    CONCLIB_PLUGIN_DIR=${CONCLIB_PLUGIN_OUTPUT_DIRECTORY})
if(TARGET conclib)
  list(APPEND CONCLIB_PYTHON_ENVIRONMENT CONCLIB_LIBRARY=$<TARGET_FILE:conclib>)
endif()
if(TARGET conclibd)
  list(APPEND CONCLIB_PYTHON_ENVIRONMENT CONCLIB_CONCLIBD=$<TARGET_FILE:conclibd>)
endif()
set(CONCLIB_PYTHON_UNSET CONCLIB_URL=unset: CONCLIB_REDIS_URL=unset: CONCLIB_NAMESPACE=unset:
                         CONCLIB_RUN_DIR=unset: CONCLIB_STATE_DIR=unset: CONCLIB_CONFIG=unset:)
