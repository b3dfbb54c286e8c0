using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Services.Interfaces;

namespace Dpf.Services.DpuServices;

/// <summary>The interfaces of a DPUService: pure.</summary>
internal static class ServiceInterfaces
{
    /// <summary>
    /// The networks that the interfaces ask for. Interfaces of one device in one network (each for other nodes) ask for it once.
    /// </summary>
    /// <param name="service">The DPUService.</param>
    /// <param name="interfaces">The DPUServiceInterfaces of its namespace, by name.</param>
    /// <exception cref="InvalidOperationException">One is missing, is no service's, or is another's.</exception>
    /// <exception cref="FormatException">Two ask for one device in different networks.</exception>
    public static IReadOnlyList<JsonObject> Networks(DpuService service, IReadOnlyDictionary<string, DpuServiceInterface> interfaces)
    {
        var elements = new Dictionary<string, (string For, JsonObject Element)>(StringComparer.Ordinal);
        foreach (var name in service.Spec.Interfaces ?? [])
        {
            var value = interfaces.GetValueOrDefault(name) ?? throw new InvalidOperationException(
                $"there is no DPUServiceInterface {service.Metadata.NamespaceProperty}/{name}; create it or take it from spec.interfaces");
            if (value.Spec.Template.Spec.Template.Spec is not { InterfaceType: "service", Service: { } wanted })
            {
                throw new InvalidOperationException($"DPUServiceInterface {name} is no interface of a service: its interfaceType is not service");
            }

            if (wanted.ServiceId != service.Spec.ServiceId)
            {
                throw new InvalidOperationException(
                    $"DPUServiceInterface {name} is for service '{wanted.ServiceId}', but spec.serviceID is '{service.Spec.ServiceId}'");
            }

            if (Consumer(value) is { } other && other != service.Metadata.Name)
            {
                throw new InvalidOperationException($"DPUServiceInterface {name} is in use by DPUService {other}");
            }

            var element = NetworkAnnotation.Element(wanted);
            if (!elements.TryAdd(wanted.InterfaceName, (name, element)) && elements[wanted.InterfaceName] is var (first, same) &&
                !JsonNode.DeepEquals(same, element))
            {
                throw new FormatException(
                    $"DPUServiceInterfaces {first} and {name} are both {wanted.InterfaceName} of the service's pods, but in different networks " +
                    $"({NetworkAnnotation.NetworkOf(same)} and {NetworkAnnotation.NetworkOf(element)}); give them one network, or two interface names");
            }
        }

        return [.. elements.Values.Select(e => e.Element)];
    }

    /// <summary>The interfaces that a DPUService has to claim.</summary>
    public static IEnumerable<DpuServiceInterface> ToClaim(DpuService service, IEnumerable<DpuServiceInterface> interfaces) =>
        interfaces.Where(i => service.Spec.Interfaces?.Contains(i.Metadata.Name) == true && Consumer(i) is null);

    /// <summary>The interfaces that a DPUService holds and does not want, or, when it is on its way out, holds at all.</summary>
    public static IEnumerable<DpuServiceInterface> ToRelease(
        DpuService service, bool isLeaving, IEnumerable<DpuServiceInterface> interfaces) =>
        interfaces.Where(i => Consumer(i) == service.Metadata.Name &&
            (isLeaving || service.Spec.Interfaces?.Contains(i.Metadata.Name) != true));

    /// <summary>Who has claimed an interface; null for nobody.</summary>
    public static string? Consumer(DpuServiceInterface value) =>
        value.Metadata.Annotations?.TryGetValue(InterfaceMirror.ConsumedBy, out var name) == true && name.Length > 0 ? name : null;
}
