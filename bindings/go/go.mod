module github.com/libattestor/attestor/bindings/go

go 1.24
