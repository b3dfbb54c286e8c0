using System.Globalization;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.BlueField;

/// <summary>What the kernel would show of the card under <c>/sys</c>: on its host PCI functions, on itself representors.</summary>
internal sealed class SysTree(IMachine machine)
{
    /// <summary>A PF with its virtual functions still off.</summary>
    public void AddPf(string address, string netdev, string mac, int totalVfs)
    {
        AddFunction(address, netdev, mac, "0xa2dc");
        Write($"/sys/bus/pci/devices/{address}/sriov_totalvfs", totalVfs.ToString(CultureInfo.InvariantCulture));
        File.WriteAllBytes(machine.Path($"/sys/bus/pci/devices/{address}/vpd"), ProductData());

        // The host may have asked for some while the card was in its reset.
        if (!File.Exists(machine.Path($"/sys/bus/pci/devices/{address}/sriov_numvfs")))
        {
            Write($"/sys/bus/pci/devices/{address}/sriov_numvfs", "0");
        }
    }

    /// <summary>What a card says of its product: a name, and a part number among the fields of the read-only part.</summary>
    private static byte[] ProductData()
    {
        var name = "BlueField-3 of the lab, 200GbE, Dual-port QSFP112, 16 Arm cores, 32GB on-board DDR, integrated BMC"u8.ToArray();
        var part = "900-9D3B6-00CV-LAB"u8.ToArray();
        byte[] fields = [(byte)'P', (byte)'N', (byte)part.Length, .. part];
        return [0x82, (byte)name.Length, 0, .. name, 0x90, (byte)fields.Length, 0, .. fields, 0x78];
    }

    /// <summary>A VF of a PF.</summary>
    public void AddVf(string pf, int index, string address, string netdev, string mac)
    {
        AddFunction(address, netdev, mac, "0x101e");
        Link($"/sys/bus/pci/devices/{address}/physfn", "../" + pf);
        Link(string.Create(CultureInfo.InvariantCulture, $"/sys/bus/pci/devices/{pf}/virtfn{index}"), "../" + address);
    }

    /// <summary>Takes a PF's virtual functions off the bus, as a reset of the card does; the PF itself stays.</summary>
    public void RemoveVfs(string pf)
    {
        var folder = machine.Path("/sys/bus/pci/devices/" + pf);
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var link in Directory.EnumerateFileSystemEntries(folder, "virtfn*").ToList())
        {
            var function = machine.Path("/sys/bus/pci/devices/" + Path.GetFileName(new FileInfo(link).LinkTarget!));
            foreach (var netdev in Directory.EnumerateDirectories(Path.Combine(function, "net")).ToList())
            {
                Directory.Delete(machine.Path("/sys/class/net/" + Path.GetFileName(netdev)), recursive: true);
            }

            Directory.Delete(function, recursive: true);
            File.Delete(link);
        }

        Write($"/sys/bus/pci/devices/{pf}/sriov_numvfs", "0");
    }

    /// <summary>A port of the embedded switch.</summary>
    /// <param name="netdev">The device.</param>
    /// <param name="port">The port's name, e.g. <c>pf0vf3</c>.</param>
    /// <param name="switchId">The switch, hexadecimal.</param>
    /// <param name="mac">Its address.</param>
    public void AddPort(string netdev, string port, string switchId, string mac)
    {
        Write($"/sys/class/net/{netdev}/address", mac);
        Write($"/sys/class/net/{netdev}/phys_port_name", port);
        Write($"/sys/class/net/{netdev}/phys_switch_id", switchId);
    }

    private void AddFunction(string address, string netdev, string mac, string device)
    {
        var folder = "/sys/bus/pci/devices/" + address;
        Write(folder + "/vendor", "0x15b3");
        Write(folder + "/device", device);
        Write(folder + "/class", "0x020000");
        Write($"{folder}/net/{netdev}/address", mac);
        Write($"/sys/class/net/{netdev}/address", mac);
        Link($"/sys/class/net/{netdev}/device", "../../../bus/pci/devices/" + address);
        Directory.CreateDirectory(machine.Path("/sys/bus/pci/drivers/mlx5_core"));
        Link(folder + "/driver", "../../drivers/mlx5_core");
    }

    private void Write(string path, string text)
    {
        var here = machine.Path(path);
        Directory.CreateDirectory(Path.GetDirectoryName(here)!);
        File.WriteAllText(here, text + "\n");
    }

    private void Link(string path, string target)
    {
        var here = machine.Path(path);
        Directory.CreateDirectory(Path.GetDirectoryName(here)!);
        File.Delete(here);
        File.CreateSymbolicLink(here, target);
    }
}
