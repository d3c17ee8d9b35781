# The same mesh as ../../mesh.yaml, as HCL. TUNNELMESH_MESH_FILE=examples/scenario-3/mesh.tfvars npx cdktf synth
nodes = {
  "coordinator" = {
    coordinator = true
    peer        = true
    region      = "ams3"
  }
  "wg-us" = {
    peer      = true
    wireguard = true
    region    = "nyc3"
  }
  "wg-eu" = {
    peer      = true
    wireguard = true
    region    = "fra1"
  }
  "wg-asia" = {
    peer      = true
    wireguard = true
    region    = "sgp1"
  }
}
