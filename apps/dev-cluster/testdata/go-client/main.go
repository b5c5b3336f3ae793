// A program on the public Go API client: it pings, lists, watches and writes, and prints what came of it as one line of
// JSON. Run against two clusters that hold the same, it prints the same.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/gravitational/trace"

	"github.com/gravitational/teleport/api/client"
	"github.com/gravitational/teleport/api/client/proto"
	"github.com/gravitational/teleport/api/types"
)

const made = "made-in-go"

type outcome struct {
	Ping   ping     `json:"ping"`
	Roles  []string `json:"roles"`
	Nodes  []string `json:"nodes"`
	Role   role     `json:"role"`
	Events []string `json:"events"`
	Errors []string `json:"errors"`
}

type ping struct {
	Cluster string `json:"cluster"`
	Version string `json:"version"`
}

type role struct {
	Name    string              `json:"name"`
	Version string              `json:"version"`
	Labels  map[string][]string `json:"labels"`
}

func main() {
	addr := flag.String("addr", "", "address of the auth service, host:port")
	identity := flag.String("identity", "", "identity file")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	result, err := run(ctx, *addr, *identity)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, identity string) (*outcome, error) {
	clt, err := client.New(ctx, client.Config{
		Addrs:       []string{addr},
		Credentials: []client.Credentials{client.LoadIdentityFile(identity)},
	})
	if err != nil {
		return nil, trace.Wrap(err, "connecting")
	}
	defer clt.Close()

	var out outcome
	pong, err := clt.Ping(ctx)
	if err != nil {
		return nil, trace.Wrap(err, "pinging")
	}
	out.Ping = ping{Cluster: pong.ClusterName, Version: pong.ServerVersion}

	if out.Nodes, err = nodes(ctx, clt); err != nil {
		return nil, trace.Wrap(err, "listing nodes")
	}
	if out.Events, err = writeAndWatch(ctx, clt, &out); err != nil {
		return nil, trace.Wrap(err)
	}
	return &out, nil
}

// Pages of one, so that there is more than one.
func nodes(ctx context.Context, clt *client.Client) ([]string, error) {
	var found []string
	request := proto.ListResourcesRequest{ResourceType: types.KindNode, Namespace: "default", Limit: 1}
	for {
		page, err := client.GetResourcePage[types.Server](ctx, clt, &request)
		if err != nil {
			return nil, trace.Wrap(err)
		}
		for _, node := range page.Resources {
			found = append(found, node.GetHostname())
		}
		if page.NextKey == "" {
			sort.Strings(found)
			return found, nil
		}
		request.StartKey = page.NextKey
	}
}

// Makes a role, finds it, and removes it, while somebody watches.
func writeAndWatch(ctx context.Context, clt *client.Client, out *outcome) ([]string, error) {
	watcher, err := clt.NewWatcher(ctx, types.Watch{Kinds: []types.WatchKind{{Kind: types.KindRole}}})
	if err != nil {
		return nil, trace.Wrap(err, "watching")
	}
	defer watcher.Close()
	var events []string
	next := func() error {
		select {
		case event := <-watcher.Events():
			text := event.Type.String()
			if event.Resource != nil && event.Type != types.OpInit {
				text += " " + event.Resource.GetName()
			}
			events = append(events, text)
			return nil
		case <-watcher.Done():
			return trace.Wrap(watcher.Error(), "the watch ended")
		case <-ctx.Done():
			return trace.Wrap(ctx.Err(), "no event came")
		}
	}
	if err := next(); err != nil {
		return nil, err
	}

	wanted, err := types.NewRole(made, types.RoleSpecV6{
		Allow: types.RoleConditions{AppLabels: types.Labels{"env": []string{"dev", "test"}}},
	})
	if err != nil {
		return nil, trace.Wrap(err)
	}
	if _, err := clt.CreateRole(ctx, wanted); err != nil {
		return nil, trace.Wrap(err, "creating a role")
	}
	if err := next(); err != nil {
		return nil, err
	}
	got, err := clt.GetRole(ctx, made)
	if err != nil {
		return nil, trace.Wrap(err, "reading the role")
	}
	out.Role = role{Name: got.GetName(), Version: got.GetVersion(), Labels: map[string][]string{}}
	for key, values := range got.GetAppLabels(types.Allow) {
		out.Role.Labels[key] = values
	}
	_, err = clt.CreateRole(ctx, wanted)
	out.Errors = append(out.Errors, kindOf(err))

	roles, err := clt.GetRoles(ctx)
	if err != nil {
		return nil, trace.Wrap(err, "listing roles")
	}
	for _, each := range roles {
		if strings.HasPrefix(each.GetName(), "made-") {
			out.Roles = append(out.Roles, each.GetName())
		}
	}

	if err := clt.DeleteRole(ctx, made); err != nil {
		return nil, trace.Wrap(err, "deleting the role")
	}
	if err := next(); err != nil {
		return nil, err
	}
	_, err = clt.GetRole(ctx, made)
	out.Errors = append(out.Errors, kindOf(err))
	return events, nil
}

func kindOf(err error) string {
	switch {
	case err == nil:
		return "none"
	case trace.IsAlreadyExists(err):
		return "already exists" // the words are those of a real cluster's database
	case trace.IsNotFound(err):
		return "not found: " + err.Error()
	default:
		return "other: " + err.Error()
	}
}
