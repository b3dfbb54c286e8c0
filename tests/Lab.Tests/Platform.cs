// The lab is made of Linux namespaces, and so are its tests.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
