module go-client

go 1.23.10

require (
	github.com/gravitational/teleport/api v0.0.0
	github.com/gravitational/trace v1.5.1
)
